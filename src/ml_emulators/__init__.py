"""Local servers that speak the wire of QuickBooks Online and Salesforce."""
