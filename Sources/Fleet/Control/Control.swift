/// The control layer: kinds with their controllers and the desired-state loop.
