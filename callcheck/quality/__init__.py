"""How bad a call sounds: E-model, codec assumptions, emulated jitter buffer. Severity only; nothing here says why."""
