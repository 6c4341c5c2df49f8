"""Who is asking: SMART App Launch 2.2, Backend Services (server role)."""
