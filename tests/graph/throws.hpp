#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tenon/error.hpp"

namespace tenon {

/// The text of the `Wanted` error that `call` throws; a failed test and "" if it throws none.
template <class Wanted, class Call>
std::string text_thrown(Call call) {
  try {
    static_cast<void>(call());
  } catch (const Wanted& error) {
    return error.what();
  } catch (const Error& error) {
    ADD_FAILURE() << "another error: " << error.what();
    return "";
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

}  // namespace tenon
