/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Jobs, what they affect, and errors. */
#include "cim/schema/tables.h"

#define BASE    (CIM_ABSTRACT | CIM_IN_VIRTUALIZATION)
#define DYNAMIC (CIM_DYNAMIC | CIM_IN_VIRTUALIZATION)

static const CimProperty job[] = {
  PROPERTY ("JobStatus", STRING, .description = "The state of the job, as a text"),
  PROPERTY ("TimeSubmitted", DATETIME),
  PROPERTY ("ScheduledStartTime", DATETIME),
  PROPERTY ("StartTime", DATETIME),
  PROPERTY ("ElapsedTime", DATETIME, .description = "How long it has run, an interval"),
  PROPERTY ("JobRunTimes", UINT32, .description = "How often it is to run; 0: no limit"),
  PROPERTY ("RunMonth", UINT8,
            VALUES ("0", "January", "1", "February", "2", "March", "3", "April", "4", "May", "5",
                    "June", "6", "July", "7", "August", "8", "September", "9", "October", "10",
                    "November", "11", "December")),
  PROPERTY ("RunDay", SINT8),
  PROPERTY ("RunDayOfWeek", SINT8,
            VALUES ("-7", "-Saturday", "-6", "-Friday", "-5", "-Thursday", "-4", "-Wednesday", "-3",
                    "-Tuesday", "-2", "-Monday", "-1", "-Sunday", "0", "ExactDayOfMonth", "1",
                    "Sunday", "2", "Monday", "3", "Tuesday", "4", "Wednesday", "5", "Thursday", "6",
                    "Friday", "7", "Saturday")),
  PROPERTY ("RunStartInterval", DATETIME),
  PROPERTY ("LocalOrUtcTime", UINT16, VALUES ("1", "Local Time", "2", "UTC Time")),
  PROPERTY ("UntilTime", DATETIME),
  PROPERTY ("Notify", STRING),
  PROPERTY ("Owner", STRING, .description = "Who asked for it"),
  PROPERTY ("Priority", UINT32),
  PROPERTY ("PercentComplete", UINT16, .description = "0 to 100"),
  PROPERTY ("DeleteOnCompletion", BOOLEAN),
  PROPERTY ("ErrorCode", UINT16, .description = "0 when there was no error"),
  PROPERTY ("ErrorDescription", STRING, .description = "What went wrong, and what helps"),
  PROPERTY ("RecoveryAction", UINT16,
            VALUES ("0", "Unknown", "1", "Other", "2", "Do Not Continue", "3",
                    "Continue With Next Job", "4", "Re-run Job", "5", "Run Recovery Job")),
  PROPERTY ("OtherRecoveryAction", STRING),
};

static const CimProperty kill_job[] = {
  IN ("DeleteOnKill", BOOLEAN, .description = "Whether the job is to be deleted as well"),
};

static const char *const return_kill_job[] = VALUE_MAP (
    "0", "Success", "1", "Not Supported", "2", "Unknown", "3", "Timeout", "4", "Failed", "6",
    "Access Denied", "7", "Not Found", "..", "DMTF Reserved", "32768..65535", "Vendor Specific");

static const CimMethod job_methods[] = {
  METHOD ("KillJob", kill_job, return_kill_job, "Not supported; RequestStateChange ends a job"),
};

static const CimProperty concrete_job[] = {
  KEY ("InstanceID", STRING, .description = "A GUID"),
  PROPERTY ("Name", STRING, .max_len = 256, .description = "What the job does"),
  PROPERTY ("JobState", UINT16,
            VALUES ("2", "New", "3", "Starting", "4", "Running", "5", "Suspended", "6",
                    "Shutting Down", "7", "Completed", "8", "Terminated", "9", "Killed", "10",
                    "Exception", "11", "Service", "12", "Query Pending", "13..32767",
                    "DMTF Reserved", "32768", "Completed with Warnings", "32769..65535",
                    "Vendor Reserved"),
            .description = "The state of the job"),
  PROPERTY ("TimeOfLastStateChange", DATETIME),
  PROPERTY ("TimeBeforeRemoval", DATETIME,
            .description = "How long it stays after its end, an interval"),
};

static const CimProperty job_request_state_change[] = {
  IN ("RequestedState", UINT16,
      VALUES ("2", "Start", "3", "Suspend", "4", "Terminate", "5", "Kill", "6", "Service",
              "7..32767", "DMTF Reserved", "32768..65535", "Vendor Reserved")),
  IN ("TimeoutPeriod", DATETIME, .description = "An interval; null: however long it takes"),
};

static const CimProperty get_error[] = {
  OUT_EMBEDDED ("Error", "CIM_Error", .description = "Null when the job has no error"),
};

static const CimMethod concrete_job_methods[] = {
  METHOD ("RequestStateChange", job_request_state_change, cim_values_return_state_change,
          "Asks for another JobState"),
  METHOD ("GetError", get_error, cim_values_return_hyperv, "The error that ended the job"),
};

static const CimProperty msvm_concrete_job[] = {
  PROPERTY ("ErrorSummaryDescription", STRING, .description = "What went wrong, in short"),
  PROPERTY ("Cancellable", BOOLEAN, .description = "Whether RequestStateChange may end it"),
  PROPERTY (
      "JobType", UINT16,
      VALUES ("0", "Unknown", "50", "Merging Disks", "51", "VSS Snapshot Inside VM", "61",
              "Import Virtual Machine", "62", "Export Virtual Machine", "70",
              "Snapshot Virtual Machine", "71", "Apply Snapshot", "72", "Delete Snapshot", "73",
              "Clear Snapshot State", "170", "Backup Virtual Machine", "198",
              "Create Snapshot Collection", "200", "Convert Snapshot to Reference Point", "201",
              "Create Reference Point", "202", "Delete Reference Point", "203",
              "Export Reference Point", "204", "Remove Associated Data", "205",
              "Create Reference Point on Collection", "206", "Export Reference Point on Collection",
              "207", "Remove Associated Data on Collection", "208",
              "Delete Reference Point on Collection", "209", "Import Reference Point Metadata"),
      .description = "What the job does"),
};

static const CimProperty msvm_get_error[] = {
  OUT_EMBEDDED ("Error", "Msvm_Error", .description = "Null when the job has no error"),
};

static const CimProperty msvm_get_error_ex[] = {
  OUT_EMBEDDED_ARRAY ("Errors", "Msvm_Error", .description = "Null when the job has no error"),
};

static const CimMethod msvm_concrete_job_methods[] = {
  METHOD ("GetError", msvm_get_error, cim_values_return_hyperv, "The error that ended the job"),
  METHOD ("GetErrorEx", msvm_get_error_ex, cim_values_return_hyperv,
          "All errors that led to the end of the job"),
};

static const CimProperty affected_job_element[] = {
  END ("AffectedElement", "CIM_ManagedElement", .description = "What the job affects or made"),
  END ("AffectingElement", "CIM_Job", .description = "The job"),
  ARRAY ("ElementEffects", UINT16,
         VALUES ("0", "Unknown", "1", "Other", "2", "Exclusive Use", "3", "Performance Impact", "4",
                 "Element Integrity", "5", "Create", "..", "DMTF Reserved", "32768..65535",
                 "Vendor Reserved"),
         .description = "How the job affects the element"),
  ARRAY ("OtherElementEffectsDescriptions", STRING),
};

static const CimProperty error[] = {
  PROPERTY ("ErrorType", UINT16,
            VALUES ("0", "Unknown", "1", "Other", "2", "Communications Error", "3",
                    "Quality of Service Error", "4", "Software Error", "5", "Hardware Error", "6",
                    "Environmental Error", "7", "Security Error", "8", "Oversubscription Error",
                    "9", "Unavailable Resource Error", "10", "Unsupported Operation Error", "..",
                    "DMTF Reserved")),
  PROPERTY ("OtherErrorType", STRING),
  PROPERTY ("OwningEntity", STRING, .description = "Who defines MessageID"),
  PROPERTY ("MessageID", STRING),
  PROPERTY ("Message", STRING, .description = "What went wrong, and what helps"),
  ARRAY ("MessageArguments", STRING),
  PROPERTY ("PerceivedSeverity", UINT16,
            VALUES ("0", "Unknown", "2", "Low", "3", "Medium", "4", "High", "5", "Fatal", "..",
                    "DMTF Reserved")),
  PROPERTY ("ProbableCause", UINT16),
  PROPERTY ("ProbableCauseDescription", STRING),
  ARRAY ("RecommendedActions", STRING),
  PROPERTY ("ErrorSource", STRING, .description = "What it happened to"),
  PROPERTY ("ErrorSourceFormat", UINT16,
            VALUES ("0", "Unknown", "1", "Other", "2", "CIMObjectPath", "..", "DMTF Reserved")),
  PROPERTY ("OtherErrorSourceFormat", STRING),
  PROPERTY ("CIMStatusCode", UINT32,
            VALUES ("1", "CIM_ERR_FAILED", "2", "CIM_ERR_ACCESS_DENIED", "3",
                    "CIM_ERR_INVALID_NAMESPACE", "4", "CIM_ERR_INVALID_PARAMETER", "5",
                    "CIM_ERR_INVALID_CLASS", "6", "CIM_ERR_NOT_FOUND", "7", "CIM_ERR_NOT_SUPPORTED",
                    "8", "CIM_ERR_CLASS_HAS_CHILDREN", "9", "CIM_ERR_CLASS_HAS_INSTANCES", "10",
                    "CIM_ERR_INVALID_SUPERCLASS", "11", "CIM_ERR_ALREADY_EXISTS", "12",
                    "CIM_ERR_NO_SUCH_PROPERTY", "13", "CIM_ERR_TYPE_MISMATCH", "14",
                    "CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED", "15", "CIM_ERR_INVALID_QUERY", "16",
                    "CIM_ERR_METHOD_NOT_AVAILABLE", "17", "CIM_ERR_METHOD_NOT_FOUND", "..",
                    "DMTF Reserved")),
  PROPERTY ("CIMStatusCodeDescription", STRING),
};

const CimDeclaration cim_family_job[] = {
  CLASS ("CIM_Job", "CIM_LogicalElement", BASE, "A unit of work", CIM_PROPERTIES (job),
         CIM_METHODS (job_methods)),
  CLASS ("CIM_ConcreteJob", "CIM_Job", BASE, "A unit of work that has a name and an end",
         CIM_PROPERTIES (concrete_job), CIM_METHODS (concrete_job_methods)),
  CLASS ("Msvm_ConcreteJob", "CIM_ConcreteJob", DYNAMIC,
         "What a method that returned 4096 goes on doing", CIM_PROPERTIES (msvm_concrete_job),
         CIM_METHODS (msvm_concrete_job_methods)),
  CLASS ("CIM_AffectedJobElement", NULL, BASE | CIM_ASSOCIATION, "A job and what it affects",
         CIM_PROPERTIES (affected_job_element)),
  CLASS ("Msvm_AffectedJobElement", "CIM_AffectedJobElement", DYNAMIC,
         "A job and what it affects or has made"),
  CLASS ("CIM_Error", NULL, BASE, "What went wrong; found in methods' results only",
         CIM_PROPERTIES (error)),
  CLASS ("Msvm_Error", "CIM_Error", CIM_IN_VIRTUALIZATION,
         "What went wrong; found in methods' results only"),
  { .name = NULL },
};
