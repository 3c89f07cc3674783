{{/* For an app's chart, in the pod template of its Deployment:

       initContainers:
         {{- include "headstart.initContainer" .Subcharts.headstart | nindent 8 }}
       volumes:
         {{- include "headstart.volumes" .Subcharts.headstart | nindent 8 }}

     initContainer is the job itself: one pod migrates, the others wait for it. waitContainer is for
     the modes hook and job: it only looks, until the database is ready for this image. Mode fleet has
     neither: one target that needs a person would keep every pod of the app from starting.

     An old pod that starts again meets a newer database. Unless settings.ahead says otherwise, it proves
     that it can run on it where its image has fingerprints; without, nobody could, and it starts.
     Jobs and the check before a rollback always ask for the proof. */}}

{{- define "headstart.aheadOfPods" -}}
{{- default "auto" .Values.settings.ahead -}}
{{- end -}}

{{/* What is held back, in each container that runs until the Job after the rollout has begun. Pods hold
     it, too: whatever asks without it would wait for that Job, and Helm for the pods. */}}
{{- define "headstart.held" -}}
{{- if .Values.hook.phases }}contract{{ else }}{{ default "" .Values.settings.hold }}{{ end -}}
{{- end -}}

{{- define "headstart.refuseInFleet" -}}
{{- if eq .Values.mode "fleet" -}}
{{- fail "mode fleet: headstart.initContainer and headstart.waitContainer are about one database; leave them out of the pods of your app, or one target that needs a person keeps all pods from starting" -}}
{{- end -}}
{{- end -}}

{{- define "headstart.initContainer" -}}
{{- include "headstart.refuseInFleet" . -}}
{{- include "headstart.container" (dict "chart" . "verb" "run" "ahead" (include "headstart.aheadOfPods" .)) -}}
{{- end -}}

{{- define "headstart.waitContainer" -}}
{{- include "headstart.refuseInFleet" . -}}
{{- include "headstart.container" (dict "chart" . "verb" "wait" "ahead" (include "headstart.aheadOfPods" .) "hold" (include "headstart.held" .)) -}}
{{- end -}}

{{- define "headstart.container" -}}
{{- $chart := .chart -}}
{{- with $chart.Values -}}
- name: {{ include "headstart.containerName" $chart }}
  image: {{ include "headstart.image" $chart }}
  imagePullPolicy: {{ .image.pullPolicy }}
  args: [{{ splitList " " $.verb | join ", " }}]
  env:
    {{- include "headstart.env" (dict "chart" $chart "verb" $.verb "verify" $.verify "ahead" $.ahead "hold" $.hold) | nindent 4 }}
  {{- with .envFrom }}
  envFrom: {{- toYaml . | nindent 4 }}
  {{- end }}
  resources: {{- ternary .waitResources .resources (eq $.verb "wait") | toYaml | nindent 4 }}
  securityContext: {{- toYaml .securityContext | nindent 4 }}
  # the verdict; the log's end only where there is none, as after a kill
  terminationMessagePolicy: FallbackToLogsOnError
  {{- $mounts := include "headstart.volumeMounts" $chart | fromYamlArray }}
  {{- if eq (include "headstart.hasTargets" $chart) "true" }}
  {{- $mounts = append $mounts (dict "name" (printf "%s-targets" (include "headstart.containerName" $chart)) "mountPath" "/etc/headstart/targets" "readOnly" true) }}
  {{- end }}
  {{- with concat $mounts (default list .volumeMounts) }}
  volumeMounts: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
{{- end -}}

{{- define "headstart.env" -}}
{{- $chart := .chart -}}
{{- $settings := dict -}}
{{- if eq .verb "wait" -}}
{{- $settings = dict "waitSeconds" $chart.Values.settings.deadlineSeconds -}}
{{- end -}}
{{- if hasSuffix "check" .verb -}}
{{- $settings = dict "verify" .verify -}}
{{- end -}}
{{- with .ahead -}}
{{- $settings = merge (dict "ahead" .) $settings -}}
{{- end -}}
{{- with .hold -}}
{{- $settings = merge (dict "hold" .) $settings -}}
{{- end -}}
{{- if hasPrefix "fleet " .verb -}}
{{- $settings = merge (include "headstart.fleetSettings" (dict "chart" $chart "verb" .verb) | fromYaml) $settings -}}
{{- end -}}
{{- $settings = merge (deepCopy $chart.Values.settings) $settings -}}
- name: HEADSTART_POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{- range $name, $value := $settings }}
- name: HEADSTART_{{ snakecase $name | upper }}
  {{- if kindIs "slice" $value }}
  {{- $words := list }}
  {{- range $value }}{{ $words = append $words (replace "'" "'\"'\"'" . | squote) }}{{ end }}
  value: {{ join " " $words | quote }}
  {{- else }}
  value: {{ kindIs "string" $value | ternary $value (toJson $value) | quote }}
  {{- end }}
{{- end }}
{{- if hasPrefix "fleet " .verb }}
{{- include "headstart.fleetSecrets" $chart }}
{{- end }}
{{ include "headstart.connectionEnv" $chart | trim }}
{{- with $chart.Values.env }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* For the container of an app that mounts headstart.volumeMounts: where the database is, and what a
     probe that asks headstart.readiness must not mind, or pods leave the service. A newer database
     never counts: the init container has judged it when the pod started, and the pods that run while a
     release migrates must not all be unready at once. */}}
{{- define "headstart.databaseEnv" -}}
{{ include "headstart.connectionEnv" . | trim }}
- name: HEADSTART_AHEAD
  value: allow
{{- with include "headstart.held" . }}
- name: HEADSTART_HOLD
  value: {{ . }}
{{- end }}
{{- end -}}

{{/* Secret and key are in the path, and so in the message about a file that is not there. */}}
{{- define "headstart.secretPath" -}}
{{ include "headstart.secretName" . }}/{{ default .Values.database.passwordKey .Values.database.urlKey }}
{{- end -}}

{{- define "headstart.caPath" -}}
{{ .Values.database.caConfigMap }}/{{ .Values.database.caKey }}
{{- end -}}

{{- define "headstart.connectionEnv" -}}
{{- with .Values.database }}
{{- if .urlKey }}
- name: DATABASE_URL_FILE
  value: /run/secrets/headstart/{{ include "headstart.secretPath" $ }}
{{- else if .url }}
- name: DATABASE_URL
  value: {{ .url | quote }}
{{- end }}
{{- if and (or .secret .secretData) (not .urlKey) }}
- name: PGPASSWORD_FILE
  value: /run/secrets/headstart/{{ include "headstart.secretPath" $ }}
{{- end }}
{{- if .caConfigMap }}
- name: PGSSLMODE
  value: verify-full
- name: PGSSLROOTCERT
  value: /etc/headstart/ca/{{ include "headstart.caPath" $ }}
{{- end }}
{{- end }}
{{- end -}}

{{/* What the containers above mount. */}}
{{- define "headstart.volumes" -}}
{{- $name := include "headstart.containerName" . -}}
{{- with .Values.database -}}
{{- if or .secret .secretData }}
- name: {{ $name }}-database
  secret:
    secretName: {{ include "headstart.secretName" $ }}
    {{- if include "headstart.isHook" $ }}
    # a Secret that is not there is told by headstart at once; the kubelet would wait until the Job's end
    optional: true
    {{- end }}
    # readable for any user; nobody else is in the pod's file system
    defaultMode: 0444
    items:
      - {key: {{ default .passwordKey .urlKey | quote }}, path: {{ include "headstart.secretPath" $ }}}
{{- end }}
{{- if .caConfigMap }}
- name: {{ $name }}-ca
  configMap:
    name: {{ .caConfigMap }}
    {{- if include "headstart.isHook" $ }}
    optional: true
    {{- end }}
    items:
      - {key: {{ .caKey | quote }}, path: {{ include "headstart.caPath" $ }}}
{{- end }}
{{- end }}
{{- with .Values.volumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "headstart.volumeMounts" -}}
{{- $name := include "headstart.containerName" . -}}
{{- with .Values.database -}}
{{- if or .secret .secretData }}
- {name: {{ $name }}-database, mountPath: /run/secrets/headstart, readOnly: true}
{{- end }}
{{- if .caConfigMap }}
- {name: {{ $name }}-ca, mountPath: /etc/headstart/ca, readOnly: true}
{{- end }}
{{- end }}
{{- end -}}
