{{- define "objects-storage.labels" -}}
app.kubernetes.io/name: {{ .Release.Name }}
{{- end -}}

{{- define "objects-storage.serviceAccount" -}}
{{- default (ternary .Release.Name "default" .Values.serviceAccount.create) .Values.serviceAccount.name -}}
{{- end -}}
