/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Value maps that several classes share. */
#include "cim/schema/tables.h"

const char *const cim_values_return_dmtf[]
    = VALUE_MAP ("0", "Completed with No Error", "1", "Not Supported", "2", "Failed", "3",
                 "Timeout", "4", "Invalid Parameter", "5", "Invalid State", "..", "DMTF Reserved",
                 "4096", "Method Parameters Checked - Job Started", "4097..32767",
                 "Method Reserved", "32768..65535", "Vendor Specific");

const char *const cim_values_return_create[]
    = VALUE_MAP ("0", "Completed with No Error", "1", "Not Supported", "2", "Failed", "3",
                 "Timeout", "4", "Invalid Parameter", "5", "Invalid State", "6", "Invalid Type",
                 "..", "DMTF Reserved", "4096", "Method Parameters Checked - Job Started",
                 "4097..32767", "Method Reserved", "32768..65535", "Vendor Specific");

const char *const cim_values_return_state_change[] = VALUE_MAP (
    "0", "Completed with No Error", "1", "Not Supported", "2", "Unknown or Unspecified Error", "3",
    "Cannot complete within Timeout Period", "4", "Failed", "5", "Invalid Parameter", "6", "In Use",
    "..", "DMTF Reserved", "4096", "Method Parameters Checked - Job Started", "4097",
    "Invalid State Transition", "4098", "Use of Timeout Parameter Not Supported", "4099", "Busy",
    "4100..32767", "Method Reserved", "32768..65535", "Vendor Specific");

const char *const cim_values_return_service[] = VALUE_MAP (
    "0", "Completed with No Error", "1", "Not Supported", "2", "Unknown or Unspecified Error", "3",
    "Timeout", "4", "Failed", "5", "Invalid Parameter", "6", "In Use", "..", "DMTF Reserved",
    "4096..32767", "Method Reserved", "32768..65535", "Vendor Specific");

const char *const cim_values_return_hyperv[] = VALUE_MAP (
    "0", "Completed with No Error", "4096", "Method Parameters Checked - Job Started", "32768",
    "Failed", "32769", "Access Denied", "32770", "Not Supported", "32771", "Status is unknown",
    "32772", "Timeout", "32773", "Invalid parameter", "32774", "System is in use", "32775",
    "Invalid state for this operation", "32776", "Incorrect data type", "32777",
    "System is not available", "32778", "Out of memory");

const char *const cim_values_consistency_level[]
    = VALUE_MAP ("0", "Unknown", "1", "Application Consistent", "2", "Crash Consistent");

const char *const cim_values_reference_point_type[]
    = VALUE_MAP ("0", "Unknown", "1", "Log based", "2", "RCT based");
