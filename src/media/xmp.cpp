#include "media/xmp.h"

#include <string_view>

namespace stillreel::media {
namespace {

struct Property {
    const char* key;
    std::string_view before;
    std::string_view after;
};
constexpr Property kProperties[] = {
    {"comment", "<dc:description><rdf:Alt><rdf:li xml:lang=\"x-default\">",
     "</rdf:li></rdf:Alt></dc:description>"},
    {"AIGC", "<TC260:AIGC>", "</TC260:AIGC>"},
};

struct Escape {
    char character;
    std::string_view entity;
};
// Line ends are escaped because readers of XML may turn \r\n into \n.
constexpr Escape kEscapes[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'\r', "&#13;"}};

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        std::string_view piece(&c, 1);
        for (const Escape& escape : kEscapes)
            if (escape.character == c) piece = escape.entity;
        out += piece;
    }
    return out;
}

std::string unescaped(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        std::size_t used = 1;
        char c = text.front();
        for (const Escape& escape : kEscapes)
            if (text.starts_with(escape.entity)) {
                c = escape.character;
                used = escape.entity.size();
            }
        out += c;
        text.remove_prefix(used);
    }
    return out;
}

}  // namespace

std::string xmp_from_tags(const Tags& tags) {
    std::string body;
    for (const Property& property : kProperties)
        if (const auto tag = tags.find(property.key); tag != tags.end())
            body += std::string(property.before) + escaped(tag->second) + std::string(property.after);
    if (body.empty()) return {};
    return "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>"
           "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF "
           "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
           "<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" "
           "xmlns:TC260=\"http://www.tc260.org.cn/ns/AIGC/1.0/\">" +
           body + "</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"r\"?>";
}

Tags tags_from_xmp(const std::string& xmp) {
    Tags tags;
    for (const Property& property : kProperties) {
        const std::size_t before = xmp.find(property.before);
        if (before == std::string::npos) continue;
        const std::size_t begin = before + property.before.size();
        const std::size_t end = xmp.find(property.after, begin);
        if (end != std::string::npos)
            tags[property.key] = unescaped(std::string_view(xmp).substr(begin, end - begin));
    }
    return tags;
}

}  // namespace stillreel::media
