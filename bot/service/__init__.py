"""The long-lived service: what its ticks bring, what its workers do, how it starts, tells of itself, and stops."""
