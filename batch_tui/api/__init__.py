"""The network: the Batch API over the OpenAI SDK. The only importer of openai and httpx2."""
