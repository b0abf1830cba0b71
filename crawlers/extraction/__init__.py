"""Article extraction: the bytes of a news page in, an `Article` out (crawlers.extraction.articles.extract). Pure."""
