def test(service,row): return []
def capabilities(c): return {}
def learn(row): return {}
