{{/* Names and labels. Each template takes the context of this chart, as an app's chart has it in
     .Subcharts.headstart. */}}

{{- define "headstart.name" -}}
{{- default .Chart.Name .Values.nameOverride | lower | replace "." "-" | trunc 40 | trimAll "-" -}}
{{- end -}}

{{/* At most 40 characters: a Job's name gets more, and its pods' labels take 63. What is longer ends in
     a hash of the whole: else a release would delete the Job of another one that begins alike. */}}
{{- define "headstart.fullname" -}}
{{- $name := include "headstart.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- $full = default $full .Values.fullnameOverride | lower | replace "." "-" -}}
{{- if gt (len $full) 40 -}}
{{- $full = printf "%s-%s" (trunc 31 $full | trimSuffix "-") (sha256sum $full | trunc 8) -}}
{{- end -}}
{{- trimAll "-" $full -}}
{{- end -}}

{{/* Of the container, and the beginning of its volumes' names: `headstart`, or the alias, by which an app
     with two databases has the chart twice. */}}
{{- define "headstart.containerName" -}}
{{- .Chart.Name | lower | replace "." "-" | trunc 40 | trimAll "-" -}}
{{- end -}}

{{- define "headstart.selectorLabels" -}}
app.kubernetes.io/name: {{ include "headstart.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: migration
{{- end -}}

{{- define "headstart.labels" -}}
{{ include "headstart.selectorLabels" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | trimAll "-._" | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "headstart.image" -}}
{{- $image := printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- with .Values.image.digest }}{{ $image = printf "%s@%s" $image . }}{{ end -}}
{{- $image -}}
{{- end -}}

{{- define "headstart.secretName" -}}
{{- .Values.database.secret | default (include "headstart.fullname" .) -}}
{{- end -}}

{{/* Whether the Job is one of Helm's hooks: true, or nothing. */}}
{{- define "headstart.isHook" -}}
{{- if or (eq .Values.mode "hook") (and (eq .Values.mode "fleet") .Values.fleet.hook) -}}true{{- end -}}
{{- end -}}

{{/* What makes an object a hook; a later one of the same name replaces it. */}}
{{- define "headstart.hookAnnotations" -}}
helm.sh/hook: {{ .on }}
helm.sh/hook-weight: {{ int .weight | quote }}
helm.sh/hook-delete-policy: before-hook-creation{{ with .andThen }},{{ . }}{{ end }}
{{- end -}}

{{/* When the Job runs, when the one with the contract revisions does, and what both of them need. */}}
{{- define "headstart.hooks" -}}
{{ ternary "pre-install,pre-upgrade" "pre-upgrade" .Values.hook.install }}
{{- end -}}

{{- define "headstart.contractHooks" -}}
{{ include "headstart.hooks" . | replace "pre-" "post-" }}
{{- end -}}

{{- define "headstart.allHooks" -}}
{{ include "headstart.hooks" . }}{{ if .Values.hook.phases }},{{ include "headstart.contractHooks" . }}{{ end }}
{{- end -}}
