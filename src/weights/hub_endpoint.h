// Where models are fetched from, and by whom, as the Hub's own tools read it from the environment.
#pragma once

#include <string>

namespace stillreel::weights {

enum class Network { allowed, forbidden };

struct HubEndpoint {
    std::string url = "https://huggingface.co";  // without a slash at the end
    std::string token;                           // goes to that origin only; never printed; "": none
    Network network = Network::allowed;
};

/// HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE. Throws invalid_argument: an endpoint that is neither https nor http
/// of this machine, a token with control characters.
HubEndpoint hub_endpoint();

/// "ali-vilab/i2vgen-xl" for itself and for the short name "i2vgen-xl". Throws invalid_argument when it is no
/// OWNER/NAME.
std::string repository_of(const std::string& model);

/// Under which name it lies in the models folder: "i2vgen-xl".
std::string name_of_repository(const std::string& repository);

}  // namespace stillreel::weights
