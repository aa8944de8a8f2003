#include "base/error.h"

namespace stillreel {

std::string_view name_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument: return "invalid_argument";
        case ErrorCode::not_found: return "not_found";
        case ErrorCode::corrupt_data: return "corrupt_data";
        case ErrorCode::unsupported: return "unsupported";
        case ErrorCode::io: return "io";
        case ErrorCode::out_of_memory: return "out_of_memory";
        case ErrorCode::cancelled: return "cancelled";
        case ErrorCode::busy: return "busy";
        case ErrorCode::unauthorized: return "unauthorized";
    }
    return "unknown";
}

int exit_code(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument:
        case ErrorCode::corrupt_data:
        case ErrorCode::unsupported: return 3;
        case ErrorCode::not_found: return 4;
        case ErrorCode::out_of_memory: return 5;
        case ErrorCode::io: return 6;
        case ErrorCode::busy:
        case ErrorCode::unauthorized: return 8;
        case ErrorCode::cancelled: return 130;
    }
    return 1;
}

}  // namespace stillreel
