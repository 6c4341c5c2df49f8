"""Who signs in: accounts, sessions, passkeys, representation, owner's tokens, staff and what each of them may do."""
