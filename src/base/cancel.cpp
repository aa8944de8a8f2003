#include "base/cancel.h"

#include <csignal>

#include "base/error.h"

namespace stillreel {
namespace {

CancelFlag interrupted;

void on_signal(int number) {
    interrupted.request();
    // The second signal finds the default action: a program that hangs can still be stopped.
    std::signal(number, SIG_DFL);
}

}  // namespace

void CancelFlag::throw_if_requested() const {
    if (requested()) throw Error(ErrorCode::cancelled, "cancelled");
}

CancelFlag& interrupt_flag() {
    static const bool installed = [] {
        std::signal(SIGINT, on_signal);
        std::signal(SIGTERM, on_signal);
        // A closed terminal; but nohup asks to go on.
        if (std::signal(SIGHUP, on_signal) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);
        return true;
    }();
    static_cast<void>(installed);
    return interrupted;
}

}  // namespace stillreel
