"""Access logs of web servers: the fetches of policies that another server answered."""
