#include <gtest/gtest.h>

#include <csignal>

#include "cli/console.hpp"

namespace tenon::cli {
namespace {

void press_ctrl_c(int times) {
  install_interrupt_handler();
  for (int i = 0; i < times; ++i) std::raise(SIGINT);
}

TEST(InterruptDeathTest, TheFirstAsksAndTheSecondEndsWithTheStatusOfASignal) {
  EXPECT_EXIT(
      {
        press_ctrl_c(1);
        ::_exit(interrupted() ? 7 : 0);
      },
      ::testing::ExitedWithCode(7), "");
  EXPECT_EXIT(press_ctrl_c(2), ::testing::ExitedWithCode(kStopped), "");
}

}  // namespace
}  // namespace tenon::cli
