"""Device models: one physical effect a file, each a frozen record of measured numbers."""
