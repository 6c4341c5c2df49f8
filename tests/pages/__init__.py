"""The pages: every template in every language, escaped, whole."""
