#pragma once

namespace tenon::dist {

// Of messages. Buckets have two each, one for parts and one for sums.
inline constexpr int kControlTag = 1;  ///< all_gather and broadcast: lengths, and what is short.
inline constexpr int kBodyTag = 2;     ///< … what is longer.
inline constexpr int kAnnouncementTag = 3;  ///< What is told beside all else.
inline constexpr int kFirstBucketTag = 16;
inline constexpr int kMostBuckets = 1 << 12;
inline constexpr int kOwnBucket = kMostBuckets;  ///< all_reduce's.

}  // namespace tenon::dist
