"""The page: one self-contained HTML file for people, made from the views."""
