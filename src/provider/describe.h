/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* describe.h: the providers that describe VMs and the host, of which src/provider/system.c makes
 * the tables that the backend takes (system.h). */
#ifndef CAIRN_DESCRIBE_H
#define CAIRN_DESCRIBE_H

#include "cim/provider.h"
#include "refpoint/hardware.h"

extern const CimProvider cairn_computer_system_provider, cairn_system_settings_provider,
    cairn_export_settings_provider, cairn_switch_provider;

/* Of the resources' settings (part.h). */
extern const CimProvider cairn_processor_settings_provider, cairn_memory_settings_provider,
    cairn_resource_settings_provider, cairn_storage_settings_provider,
    cairn_serial_settings_provider, cairn_port_settings_provider,
    cairn_connection_settings_provider;

/* Of root/cimv2. */
extern const CimProvider cairn_host_system_provider, cairn_host_product_provider,
    cairn_host_os_provider, cairn_host_processor_provider;

extern const CimAssociation cairn_settings_define_state, cairn_system_settings_component,
    cairn_export_settings_of_system, cairn_host_processor_of_system;

/* A VM's instance of Msvm_ComputerSystem, and its settings as a whole. */
CimInstance *cairn_computer_system_make (const CairnHardware *hardware);
CimInstance *cairn_system_settings_make (const CairnHardware *hardware);

#endif
