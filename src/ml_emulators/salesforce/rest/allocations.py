"""The names that `/limits` lists, with what this org has of each (salesforce reference 3.1)."""

from __future__ import annotations

# Features that an integration does not touch: there by name only.
_UNUSED = (
    *("AnalyticsExternalDataSizeMB", "CdpAiInferenceApiMonthlyLimit"),
    *("ConcurrentEinsteinDataInsightsStoryCreation", "ConcurrentEinsteinDiscoveryStoryCreation"),
    *("ContentDistBandwidthLimitMB", "ContentDistViewLimit", "ContentPublicationLimit"),
    *("DailyAnalyticsDataflowJobExecutions", "DailyAnalyticsUploadedFilesSizeMB", "DailyApexCursorLimit"),
    *("DailyApexCursorRowsLimit", "DailyApexPCursorLimit", "DailyAsyncApexTests"),
    *("DailyEinsteinDataInsightsStoryCreation", "DailyEinsteinDiscoveryOptimizationJobRuns"),
    *("DailyEinsteinDiscoveryPredictAPICalls", "DailyEinsteinDiscoveryPredictionsByCDC"),
    *("DailyEinsteinDiscoveryStoryCreation", "DailyFunctionsApiCallLimit"),
    *("DailyMetadataRetrievesWithDependencies", "DailyServiceEmailAgentforceCalls"),
    *("ExternalServicesActiveObjects", "ExternalServicesActiveOperations", "ExternalServicesObjectProperties"),
    *("ExternalServicesObjects", "ExternalServicesOperations", "ExternalServicesRegistrations"),
    *("HourlyDashboardRefreshes", "HourlyDashboardResults", "HourlyDashboardStatuses"),
    *("HourlyElevateAsyncReportRuns", "HourlyElevateSyncReportRuns", "HourlyLongTermIdMapping"),
    *("HourlyManagedContentPublicRequests", "HourlyODataCallout", "HourlyShortTermIdMapping"),
    *("MaxContentDocumentsLimit", "MonthlyEinsteinDiscoveryStoryCreation", "Package2VersionCreates"),
    *("Package2VersionCreatesWithoutValidation", "PermissionSets"),
    *("PlatformEventTriggersWithParallelProcessing", "PrivateConnectOutboundCalloutHourlyLimitMB"),
    *("PublishCallbackUsageInApex", "ScheduledFlowRunLimit", "ScheduledPathRunLimit"),
)

ALLOCATIONS = dict.fromkeys(_UNUSED, 1_000) | {
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentSyncReportRuns": 20,
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyDeliveredPlatformEvents": 25_000,
    "DailyDurableGenericStreamingApiEvents": 25_000,
    "DailyDurableStreamingApiEvents": 25_000,
    "DailyGenericStreamingApiEvents": 25_000,
    "DailyStandardVolumePlatformEvents": 25_000,
    "DailyStreamingApiEvents": 25_000,
    "DailyWorkflowEmails": 10_000,
    "DataStorageMB": 10_240,
    "DurableStreamingApiConcurrentClients": 1_000,
    "FileStorageMB": 10_240,
    "HourlyAsyncReportRuns": 1_200,
    "HourlyPublishedPlatformEvents": 250_000,
    "HourlyPublishedStandardVolumePlatformEvents": 100_000,
    "HourlySyncReportRuns": 500,
    "HourlyTimeBasedWorkflow": 1_000,
    "MassEmail": 5_000,
    "MonthlyPlatformEventsUsageEntitlement": 0,
    "SingleEmail": 5_000,
    "StreamingApiConcurrentClients": 1_000,
}
