"""Gold pages for article extraction: invented reports in the mark-up of real sites, 2007 to 2024, each with its answer."""
