//! ULMFiT.
