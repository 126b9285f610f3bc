"""Local servers that speak the wire of QuickBooks Online and Salesforce; they import nothing of ml_connector."""
