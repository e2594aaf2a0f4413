// expected: deleted
#include "tenon/generator.hpp"

tenon::Generator taken(tenon::Generator generator) { return generator; }

tenon::Generator handed_on(tenon::Generator& generator) { return taken(generator); }
