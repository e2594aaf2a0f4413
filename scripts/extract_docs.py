#!/usr/bin/env python3
"""Makes a test program of the C++ blocks in README.md and docs/.

A block that has an `int main(` is a whole program: it must return 0. Any other block is the body of a
function that finds `model` (one input Small (32, 32, 3), output label) and `two` (Small and Large). A
block of docs/diagnostics/CODE.md must be answered with the diagnostic CODE.

Usage: extract_docs.py OUTPUT.cpp FILE.md...
"""
import pathlib
import re
import sys

HEADER = '#include "docs/prelude.hpp"\n\nusing namespace tenon;\n'


def blocks(path):
    text = path.read_text(encoding="utf-8")
    for match in re.finditer(r"^```cpp\n(.*?)^```", text, re.S | re.M):
        yield text.count("\n", 0, match.start()) + 2, match.group(1)


def whole_program(name, code):
    kept = [line for line in code.splitlines()
            if not line.startswith("#include") and line.strip() != "using namespace tenon;"]
    body = "\n".join(kept).replace("int main()", "int run()", 1)
    if "return" not in body[body.index("int run()"):]:  # Only main may go without.
        body = body.rstrip()[:-1] + "return 0;\n}"
    return (f"namespace {name} {{\n{body}\n}}\n"
            f"TEST(Docs, {name}) {{ EXPECT_EQ({name}::run(), 0); }}\n")


def fragment(name, code, expected):
    call = f'tenon::docs::expect_code("{expected}", body);' if expected else "EXPECT_NO_THROW(body());"
    return (f"TEST(Docs, {name}) {{\n  Model model = tenon::docs::one_input();\n"
            f"  Model two = tenon::docs::two_inputs();\n  (void)model;\n  (void)two;\n"
            f"  const auto body = [&] {{\n{code}\n  }};\n  {call}\n}}\n")


def main():
    output = pathlib.Path(sys.argv[1])
    parts = [HEADER]
    for argument in sys.argv[2:]:
        path = pathlib.Path(argument)
        expected = path.stem if path.parent.name == "diagnostics" else ""
        for line, code in blocks(path):
            name = re.sub(r"\W", "_", f"{path.stem}_line_{line}")
            parts.append(f'#line {line} "{path}"\n')
            parts.append(whole_program(name, code) if "int main(" in code else fragment(name, code, expected))
    text = "\n".join(parts)
    if not output.exists() or output.read_text(encoding="utf-8") != text:
        output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
