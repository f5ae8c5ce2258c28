"""Our form and our endpoints, tried with ODK's own engine of forms."""
