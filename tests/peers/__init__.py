"""Programs that are not ours, and against which ours must stand: a receiver, a judge, a client."""
