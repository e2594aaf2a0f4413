#include "core/error_context.hpp"

#include "tenon/error.hpp"

namespace tenon {
namespace {

template <class ErrorClass>
[[noreturn]] void throw_edited(const ErrorClass& error,
                               const std::function<void(Diagnostic&)>& edit) {
  std::vector<Diagnostic> diagnostics = error.diagnostics();
  for (Diagnostic& diagnostic : diagnostics) edit(diagnostic);
  throw ErrorClass(std::move(diagnostics));
}

}  // namespace

void rethrow_with(const std::function<void(Diagnostic&)>& edit) {
  try {
    throw;
  } catch (const KeyError& error) {
    throw_edited(error, edit);
  } catch (const ShapeError& error) {
    throw_edited(error, edit);
  } catch (const ModelError& error) {
    throw_edited(error, edit);
  } catch (const ContractError& error) {
    throw_edited(error, edit);
  } catch (const FormatError& error) {
    throw_edited(error, edit);
  } catch (const DataError& error) {
    throw_edited(error, edit);
  } catch (const EngineError& error) {
    throw_edited(error, edit);
  } catch (const Error& error) {
    throw_edited(error, edit);
  }
}

}  // namespace tenon
