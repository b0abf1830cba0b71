"""Weibo's interfaces as its documents describe them: own account (OAuth), commercial search, push stream."""
