#pragma once

/// Marks what liblance promises to outside code; all other symbols stay hidden.
#define LANCE_EXPORT __attribute__((visibility("default")))
