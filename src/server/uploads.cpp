#include "server/uploads.h"

#include <fmt/core.h>

#include <memory>
#include <mutex>

#include "base/file.h"
#include "server/request_body.h"
#include "studio/field_error.h"
#include "studio/quick_cache.h"

namespace stillreel::server {
namespace {

using Answer = std::function<Response(const ApiParts&, const Request&, const Form&)>;

/// A request whose pictures are being looked at.
class Gathering {
  public:
    Gathering(const ApiParts& parts, Request request, Form form, std::size_t missing, Reply reply,
              Answer answer)
        : parts_(parts),
          request_(std::move(request)),
          form_(std::move(form)),
          missing_(missing),
          reply_(std::move(reply)),
          answer_(std::move(answer)) {}

    void arrived(std::size_t field, const std::string& asset) {
        {
            const std::lock_guard lock(mutex_);
            form_[field].asset = asset;
            if (--missing_ > 0 || answered_) return;
            answered_ = true;
        }
        answering(reply_, [&] { reply_(answer_(parts_, request_, form_)); });
    }

    void refused(const std::exception_ptr& error, const std::string& field) {
        {
            const std::lock_guard lock(mutex_);
            if (std::exchange(answered_, true)) return;
        }
        answering(reply_, [&] { rethrow_about(error, field); });
    }

  private:
    const ApiParts& parts_;
    const Request request_;
    Form form_;
    std::size_t missing_;
    const Reply reply_;
    const Answer answer_;
    bool answered_ = false;
    std::mutex mutex_;
};

/// Files that wait for the quick lane; removed again, unless they are handed over.
class HandedFiles {
  public:
    explicit HandedFiles(fs::path folder) : folder_(std::move(folder)) {}
    ~HandedFiles() {
        std::error_code ignored;
        for (const std::string& name : names_) fs::remove(folder_ / name, ignored);
    }
    HandedFiles(const HandedFiles&) = delete;
    HandedFiles& operator=(const HandedFiles&) = delete;

    std::string write(std::string_view bytes) {
        names_.push_back(studio::passing_name("upload"));
        write_file(folder_ / names_.back(), bytes);
        return names_.back();
    }
    void hand_over() { names_.clear(); }

  private:
    fs::path folder_;
    std::vector<std::string> names_;
};

struct Upload {
    std::size_t field = 0;  // of the form
    studio::QuickTask task;
};

void keep_pictures(const ApiParts& parts, const UploadRule& rule, const Request& request, const Reply& reply,
                   const Answer& answer) {
    const auto form = parse_form(request.header("content-type"), request.body);
    const std::string key = idempotency_key(request, rule.key_kind);
    Form fields;
    std::vector<Upload> uploads;
    HandedFiles files(parts.folders.quick());
    for (const FormPart& part : form) {
        fields.push_back({part.name, part.filename, "", ""});
        const bool named = !part.filename.empty() || rule.unnamed == Unnamed::picture;
        if (part.name != rule.field || !named) {
            fields.back().text = part.content;
            continue;
        }
        check_file_size(part);
        const std::string id = studio::AssetStore::id_for(part.content, key);
        if (parts.assets.find(id)) {
            fields.back().asset = id;
            continue;
        }
        Upload upload{fields.size() - 1, {}};
        upload.task.kind = studio::QuickKind::upload;
        upload.task.file = files.write(part.content);
        upload.task.asset = id;
        upload.task.name = part.filename;
        uploads.push_back(std::move(upload));
    }
    Request head{request.method,     request.path, request.query, request.headers, "",
                 request.parameters, request.route};
    if (uploads.empty()) return reply(answer(parts, head, fields));
    const auto gathering =
        std::make_shared<Gathering>(parts, std::move(head), std::move(fields), uploads.size(), reply, answer);
    files.hand_over();
    for (const Upload& upload : uploads)
        parts.quick.ask(upload.task, [gathering, field = upload.field, asset = upload.task.asset,
                                      name = rule.field](const QuickAnswer& told) {
            told.error ? gathering->refused(told.error, name) : gathering->arrived(field, asset);
        });
}

}  // namespace

const FormField& field_named(const Form& form, const std::string& name) {
    for (const FormField& field : form)
        if (field.name == name) return field;
    throw studio::FieldError(ErrorCode::invalid_argument, fmt::format("the form has no field `{}`", name),
                             name);
}

Handler after_uploads(const ApiParts& parts, const UploadRule& rule, Answer answer) {
    return [&parts, rule, answer = std::move(answer)](const Request& request, const Reply& reply) {
        if (is_form(request)) return keep_pictures(parts, rule, request, reply, answer);
        reply(answer(parts, request, {}));
    };
}

}  // namespace stillreel::server
