"""WeChat's interfaces for the bureau's own verified account, as its documents describe them: push, token, articles, comments."""
