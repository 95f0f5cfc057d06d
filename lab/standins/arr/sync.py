class Sync:
    def __init__(self, service): pass
    def provider_changed(self, *a): pass
