// The studio's page: the files of web/dist, which lie inside of the binary.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/router.h"

namespace stillreel::server {

struct PageFile {
    std::string_view path;  // "assets/index-1a2b.js"
    std::string_view bytes;
};

/// In the order of their paths; none when the page was not built in.
const std::vector<PageFile>& page_files();

/// Routes for "/" and every file, open to anyone: there is nothing secret in them.
void add_page(Router& router);

}  // namespace stillreel::server
