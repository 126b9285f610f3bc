"""Account types and detail types, and the accounts that QuickBooks opens by itself."""

from __future__ import annotations

ACCOUNT_TYPES: dict[str, tuple[str, str]] = {
    "Bank": ("Asset", "CashOnHand"),
    "Accounts Receivable": ("Asset", "AccountsReceivable"),
    "Other Current Asset": ("Asset", "OtherCurrentAssets"),
    "Fixed Asset": ("Asset", "OtherFixedAssets"),
    "Other Asset": ("Asset", "OtherLongTermAssets"),
    "Accounts Payable": ("Liability", "AccountsPayable"),
    "Credit Card": ("Liability", "CreditCard"),
    "Other Current Liability": ("Liability", "OtherCurrentLiabilities"),
    "Long Term Liability": ("Liability", "OtherLongTermLiabilities"),
    "Equity": ("Equity", "OwnersEquity"),
    "Income": ("Revenue", "SalesOfProductIncome"),
    "Cost of Goods Sold": ("Expense", "SuppliesMaterialsCogs"),
    "Expense": ("Expense", "OtherMiscellaneousServiceCost"),
    "Other Income": ("Revenue", "OtherMiscellaneousIncome"),
    "Other Expense": ("Expense", "OtherMiscellaneousExpense"),
}
"""AccountType: its Classification, and the detail type taken when none is sent."""

_BY_TYPE = {
    "Bank": ("CashOnHand", "Checking", "MoneyMarket", "RentsHeldInTrust", "Savings", "TrustAccounts"),
    "Accounts Receivable": ("AccountsReceivable",),
    "Other Current Asset": (
        *("AllowanceForBadDebts", "DevelopmentCosts", "EmployeeCashAdvances", "OtherCurrentAssets", "Inventory"),
        *("PrepaidExpenses", "Retainage", "UndepositedFunds", "LoansToOthers", "LoansToOfficers"),
    ),
    "Fixed Asset": ("AccumulatedDepreciation", "Buildings", "FurnitureAndFixtures", "OtherFixedAssets", "Vehicles"),
    "Other Asset": ("Goodwill", "Licenses", "SecurityDeposits", "OtherLongTermAssets"),
    "Accounts Payable": ("AccountsPayable",),
    "Credit Card": ("CreditCard",),
    "Other Current Liability": (
        *("DirectDepositPayable", "LineOfCredit", "LoanPayable", "OtherCurrentLiabilities", "PayrollTaxPayable"),
        *("PrepaidExpensesPayable", "SalesTaxPayable", "DeferredRevenue", "GlobalTaxPayable"),
    ),
    "Long Term Liability": ("NotesPayable", "OtherLongTermLiabilities", "ShareholderNotesPayable"),
    "Equity": ("OpeningBalanceEquity", "OwnersEquity", "PartnersEquity", "RetainedEarnings", "CommonStock"),
    "Income": (
        *("NonProfitIncome", "OtherPrimaryIncome", "SalesOfProductIncome", "ServiceFeeIncome"),
        *("DiscountsRefundsGiven", "UnappliedCashPaymentIncome"),
    ),
    "Cost of Goods Sold": (
        "CostOfLaborCos",
        "ShippingFreightDeliveryCos",
        "SuppliesMaterialsCogs",
        "OtherCostsOfServiceCos",
    ),
    "Expense": (
        *("AdvertisingPromotional", "Auto", "BankCharges", "Insurance", "LegalProfessionalFees", "OfficeExpenses"),
        *("OtherMiscellaneousServiceCost", "PayrollExpenses", "RentOrLeaseOfBuildings", "SuppliesMaterials", "Travel"),
        *("TravelMeals", "Utilities", "BadDebts"),
    ),
    "Other Income": ("InterestEarned", "OtherMiscellaneousIncome", "DividendIncome"),
    "Other Expense": ("Depreciation", "ExchangeGainOrLoss", "OtherMiscellaneousExpense", "PenaltiesSettlements"),
}
SUBTYPES: dict[str, str] = {subtype: kind for kind, subtypes in _BY_TYPE.items() for subtype in subtypes}
SINGULAR = frozenset({"RetainedEarnings", "UndepositedFunds", "OpeningBalanceEquity", "ExchangeGainOrLoss"})
"""Detail types of which only one account may exist, and never below another."""

RECEIVABLE = ("Accounts Receivable", "AccountsReceivable", "Accounts Receivable (A/R)")
PAYABLE = ("Accounts Payable", "AccountsPayable", "Accounts Payable (A/P)")
UNDEPOSITED = ("Other Current Asset", "UndepositedFunds", "Undeposited Funds")
SALES_TAX = ("Other Current Liability", "SalesTaxPayable", "Sales Tax Payable")
DISCOUNTS = ("Income", "DiscountsRefundsGiven", "Discounts given")
SALES = ("Income", "SalesOfProductIncome", "Sales")
"""AccountType, AccountSubType and usual name of accounts that are opened when first needed."""
