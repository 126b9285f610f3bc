"""Two-way integration between QuickBooks Online and Salesforce."""
