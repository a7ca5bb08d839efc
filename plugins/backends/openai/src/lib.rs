//! Language models behind any OpenAI-compatible service.
