/** The steps that prepare a bucket, in this order. Stable across releases. */
export const settings = ['bucket', 'notifications', 'cors', 'unfinished-uploads', 'public-acls', 'upload-policy'] as const

export type Setting = (typeof settings)[number]

export function isSetting (name: string): name is Setting {
  return settings.some((setting) => setting === name)
}

/** What became of one of the bucket's settings. */
export interface Step {
  setting: Setting
  /** `absent`: this object storage does not have the setting. */
  outcome: 'made' | 'unchanged' | 'absent' | 'skipped' | 'failed'
  /** The new state, or what to do; contains no secrets. */
  message: string
}
