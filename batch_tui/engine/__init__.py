"""The life cycle of batches: what both front ends call. asyncio, no terminal, no HTTP."""
