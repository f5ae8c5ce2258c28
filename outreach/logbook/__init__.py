"""What happened in the village: session reports and sign-ups."""
