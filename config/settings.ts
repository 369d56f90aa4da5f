import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { access } from './settings/access.js'
import { eventDoors } from './settings/event-doors.js'
import { eventQueues } from './settings/event-queues.js'
import { files } from './settings/files.js'
import { limits } from './settings/limits.js'
import { parts } from './settings/parts.js'
import { withFileSettings } from './settings/secret-files.js'
import { service } from './settings/service.js'
import { storageAccess } from './settings/storage-access.js'
import { usage } from './settings/usage.js'

/*
 * Every setting is declared once, in settings/: its form, its default and its description. `npm run docs` writes
 * docs/configuration.md and .env.example from here. A description is Markdown, and ends with what applies if nothing is set. A
 * setting with `secret: true` may also be given in a file: the setting that names the file is added here.
 */

/** The settings as the documents show them. */
export const settingGroups: Array<{ title: string, settings: Record<string, TSchema> }> = [
  { title: 'The service', settings: withFileSettings(service) },
  { title: 'Database and object storage', settings: withFileSettings(parts) },
  { title: 'How the object storage is reached', settings: withFileSettings(storageAccess) },
  { title: 'Who may do what', settings: withFileSettings(access) },
  { title: 'Doors for notifications', settings: withFileSettings(eventDoors) },
  { title: 'Limits', settings: withFileSettings(limits) },
  { title: 'Downloads and uploads', settings: withFileSettings(files) },
  { title: 'Notifications from queues', settings: withFileSettings(eventQueues) },
  { title: 'Usage', settings: withFileSettings(usage) },
]

const settings = {
  ...service, ...parts, ...storageAccess, ...access, ...eventDoors, ...eventQueues, ...limits, ...files, ...usage,
}
// Only the code that reads the files needs these, so they are not part of the type.
const allSettings: Record<never, TSchema> = withFileSettings(settings)

/** The environment variables that the service reads. */
export const ConfigSchema = Type.Object({ ...settings, ...allSettings })

/** The service's configuration, checked and with defaults filled in. Secrets are as they were at the start. */
export type Config = Static<typeof ConfigSchema>

/** The names of the settings that are secrets. */
export const secretSettings: readonly string[] = Object.entries<TSchema>(settings)
  .filter(([, schema]) => schema.secret === true).map(([name]) => name)
