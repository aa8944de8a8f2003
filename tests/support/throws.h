// EXPECT_ERROR(statement, code, "part of the message"): the statement throws Error with that code and wording.
#pragma once

#include <gtest/gtest.h>

#include "base/error.h"

#define EXPECT_ERROR(statement, expected_code, part)                                                    \
    try {                                                                                                \
        statement;                                                                                       \
        ADD_FAILURE() << "expected an Error from " #statement;                                           \
    } catch (const ::stillreel::Error& error) {                                                          \
        EXPECT_EQ(::stillreel::name_of(error.code()), ::stillreel::name_of(expected_code)) << error.what(); \
        EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();              \
    }
