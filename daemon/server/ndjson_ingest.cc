#include "server/ndjson_ingest.h"

#include <iterator>
#include <utility>

#include "base/text.h"
#include "server/draft_reader.h"
#include "server/publish_handler.h"

namespace ringcast::server {

namespace {

// A line's length without its line end: the CR of a CRLF does not count, nor does it while the LF
// is still to come, so that it does not matter how the body is cut.
size_t length_of(std::string_view line) {
  return line.size() - (line.ends_with('\r') ? 1 : 0);
}

// Fewer at a time, or later, may do.
bool is_of_size(Errc code) {
  return code == Errc::kOverloaded || code == Errc::kTooMany;
}

}  // namespace

NdjsonIngest::State NdjsonIngest::advance(const Publish& publish, json::Reader& reader,
                                          const mercure::HubTopics* own) {
  is_behind_ = false;
  while (!is_waiting_ && !is_behind_) {
    if (batch_.empty() && !error_) {
      gather(reader, own);
    }
    if (batch_.empty()) {
      if (taken_ > 0) {
        text_.erase(0, taken_);
        taken_ = 0;
      }
      return error_ || at_end_ ? State::kDone : State::kMore;
    }
    std::vector<Draft> drafts;
    if (is_single_) {
      drafts.push_back(std::move(batch_.front()));
      batch_.erase(batch_.begin());
    } else {
      drafts.swap(batch_);
    }
    sent_ = drafts.size();
    if (auto receipt = publish(drafts)) {
      settle(std::move(*receipt), std::move(drafts));
    } else {
      is_waiting_ = true;
    }
  }
  return is_waiting_ ? State::kWaiting : State::kBehind;
}

void NdjsonIngest::settle(Result<Receipt> receipt, std::vector<Draft> drafts) {
  is_waiting_ = false;
  if (receipt) {
    add(*receipt);
    batch_lines_.erase(batch_lines_.begin(),
                       batch_lines_.begin() + static_cast<std::ptrdiff_t>(sent_));
    is_single_ = is_single_ && !batch_.empty();
  } else {
    give_back(std::move(drafts));
    if (receipt.error().code == Errc::kBehind) {
      is_behind_ = true;
    } else if (is_of_size(receipt.error().code) && !is_single_ && batch_.size() > 1) {
      // All or nothing is the batch's rule, not the request's: finds the line that does not fit.
      is_single_ = true;
    } else {
      stop(std::move(receipt).failure().error);
    }
  }
  sent_ = 0;
  if (stopped_) {
    stop(*std::exchange(stopped_, std::nullopt));
  }
}

void NdjsonIngest::give_back(std::vector<Draft> drafts) {
  drafts.insert(drafts.end(), std::make_move_iterator(batch_.begin()),
                std::make_move_iterator(batch_.end()));
  batch_ = std::move(drafts);
}

void NdjsonIngest::stop(Error error) {
  if (is_waiting_) {
    stopped_ = std::move(error);
    return;
  }
  if (!batch_lines_.empty()) {
    line_ = batch_lines_.front();  // Read, but not accepted.
    error_.reset();                // What was wrong further down does not matter any more.
  }
  batch_.clear();
  batch_lines_.clear();
  fail_with(std::move(error));
}

bool NdjsonIngest::next_line(std::string_view& line) {
  const std::string_view rest = std::string_view(text_).substr(taken_);
  const size_t end = rest.find('\n');
  if (end == std::string_view::npos && (!at_end_ || rest.empty())) {
    if (length_of(rest) > line_limit_) {
      ++line_;
      fail_with({.code = Errc::kTooLarge, .detail = "the line is longer than limits.body"});
    }
    return false;
  }
  line = rest.substr(0, end);
  taken_ += end == std::string_view::npos ? rest.size() : end + 1;
  ++line_;
  return true;
}

// Reads lines up to a batch's worth, so that the hub's lock is taken once for many.
void NdjsonIngest::gather(json::Reader& reader, const mercure::HubTopics* own) {
  constexpr size_t kBatch = 256;
  DraftReader drafts(epoch_, *publisher_, own);
  std::string_view line;
  while (batch_.size() < kBatch && !error_ && next_line(line)) {
    if (length_of(line) > line_limit_) {
      fail_with({.code = Errc::kTooLarge, .detail = "the line is longer than limits.body"});
      return;
    }
    line = trim(line.substr(0, line.find_last_not_of('\r') + 1));
    if (line.empty()) {
      continue;
    }
    Status read = reader.read(line, [&](json::Value& root) -> Status {
      Result<Draft> draft = drafts.read(root);
      if (!draft) {
        return std::move(draft).failure();
      }
      batch_.push_back(std::move(*draft));
      batch_lines_.push_back(line_);
      return Ok{};
    });
    if (!read) {
      // The reader may find what follows the object wrong after the draft was made.
      if (!batch_lines_.empty() && batch_lines_.back() == line_) {
        batch_.pop_back();
        batch_lines_.pop_back();
      }
      fail_with(std::move(read).failure().error);
    }
  }
}

void NdjsonIngest::add(const Receipt& receipt) {
  total_.accepted += receipt.accepted;
  total_.duplicates += receipt.duplicates;
  if (total_.first_id.empty()) {
    total_.first_id = receipt.first_id;
  }
  if (!receipt.last_id.empty()) {
    total_.last_id = receipt.last_id;
  }
}

void NdjsonIngest::fail_with(Error error) {
  if (!error_) {
    error.line = static_cast<int64_t>(line_);
    error_ = std::move(error);
  }
}

http::Response NdjsonIngest::response() const {
  if (!error_) {
    return publish_response(total_, BodyKind::kNdjson);
  }
  http::Response response = http::problem(*error_);
  if (response.status == http::status_of(Errc::kOverloaded) || is_of_size(error_->code)) {
    response.headers.emplace_back("Retry-After", "1");
  }
  std::string accepted = ",\"accepted\":" + std::to_string(total_.accepted);
  append_ids(accepted, total_);
  response.body.insert(response.body.rfind('}'), accepted);
  return response;
}

}  // namespace ringcast::server
