import { type TSchema, Type } from '@sinclair/typebox'

const SUFFIX = '_FILE'

/** The name of the setting that names a file which holds another setting. */
export function fileSettingOf (name: string): string {
  return `${name}${SUFFIX}`
}

/** The settings, each secret followed by the setting that names its file. */
export function withFileSettings (settings: Record<string, TSchema>): Record<string, TSchema> {
  return Object.fromEntries(Object.entries(settings).flatMap(([name, schema]) => schema.secret === true
    ? [[name, schema], [fileSettingOf(name), fileSetting(name)]]
    : [[name, schema]]))
}

function fileSetting (name: string): TSchema {
  return Type.Optional(Type.String({
    minLength: 1, description: `File that holds \`${name}\`, in place of it; it is read again when it changes. Unset: there is none.`,
  }))
}
