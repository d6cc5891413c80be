"""The rollout of a policy: where a domain stands, may it enforce, and the one next step."""
