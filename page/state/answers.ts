import type { components } from '../../client/index.js'

type Schemas = components['schemas']

export type StorageUsage = Schemas['StorageUsage']
export type WorkflowUsage = Schemas['WorkflowUsage']
export type UsageDay = Schemas['UsageDay']
export type UserUsage = Schemas['UserUsage']
export type LargestFile = Schemas['LargestFile']
export type ListedRun = Schemas['ListedRun']
export type ListedShare = Schemas['ListedShare']
export type RunFile = Schemas['RunFile']
export type Folder = Schemas['Folder']
export type Direction = Schemas['Direction']
export type Reconciliation = Schemas['Reconciliation']
export type Share = Schemas['Share']
