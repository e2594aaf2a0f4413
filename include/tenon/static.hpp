#pragma once

/// Keys that the compiler checks: datasets and models whose lists of keys are part of their types,
/// so that a model input that has no key is an error of the compiler, which names the key and the
/// nearest one. Everything else, and all checks that need the data, are those of tenon::Dataset and
/// tenon::Model, which these hold. Optional: tenon/tenon.hpp does not include it. How to use it:
/// docs/static-keys.md.
#include "tenon/typed_dataset.hpp"
#include "tenon/typed_generator.hpp"
#include "tenon/typed_model.hpp"
