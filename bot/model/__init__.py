"""The nouns: frozen, slotted, keyword-only dataclasses without I/O and without a clock."""
