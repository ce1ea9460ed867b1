"""From prompts to scored groups: asking the student and its teachers, scoring, counting, and the clock."""
