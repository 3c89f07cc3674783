{{/* The spec of a pod that runs one verb and ends. Takes chart, verb, verify for check, and hold; a verb of
     a fleet is two words. */}}
{{- define "headstart.podSpec" -}}
{{- $chart := .chart -}}
{{- with $chart.Values -}}
restartPolicy: Never
# the kubelet ends the pod where headstart did not end itself before
activeDeadlineSeconds: {{ include "headstart.podDeadline" $chart }}
terminationGracePeriodSeconds: {{ int .terminationGracePeriodSeconds }}
# headstart asks nothing of the cluster
automountServiceAccountToken: false
# no variables for each Service of the namespace
enableServiceLinks: false
{{- with .serviceAccountName }}
serviceAccountName: {{ . }}
{{- end }}
{{- with .image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext: {{- toYaml .podSecurityContext | nindent 2 }}
{{- with .sidecars }}
initContainers: {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  {{- include "headstart.container" $ | nindent 2 }}
{{- with printf "%s\n%s" (include "headstart.volumes" $chart | trim) (include "headstart.targetsVolume" $chart | trim) | trim }}
volumes:
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}
{{- end -}}

{{- define "headstart.podMetadata" -}}
labels:
  {{- merge (include "headstart.labels" . | fromYaml) (default dict .Values.podLabels) | toYaml | nindent 2 }}
{{- with .Values.podAnnotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "headstart.jobSpec" -}}
{{- $chart := .chart -}}
{{- $isIndexed := eq .verb "fleet run" -}}
{{- if $isIndexed -}}
{{- with $chart.Values.fleet -}}
completionMode: Indexed
completions: {{ int .shards }}
parallelism: {{ int .parallelism }}
backoffLimitPerIndex: {{ int .backoffLimitPerIndex }}
{{- if not (kindIs "invalid" .maxFailedIndexes) }}
maxFailedIndexes: {{ int .maxFailedIndexes }}
{{- end }}
{{- end }}
{{- else -}}
backoffLimit: {{ .backoffLimit }}
{{- end }}
activeDeadlineSeconds: {{ .jobDeadline }}
ttlSecondsAfterFinished: {{ int $chart.Values.job.ttlSecondsAfterFinished }}
# the first rule that matches; what matches none counts against the limit of retries
podFailurePolicy:
  rules:
    # a drain or an eviction is nobody's failure
    - action: Ignore
      onPodConditions: [{type: DisruptionTarget, status: "True"}]
    # these need a person: trying again would fail again
    - action: {{ ternary "FailIndex" "FailJob" $isIndexed }}
      onExitCodes:
        containerName: {{ include "headstart.containerName" $chart }}
        operator: In
        values: [1, 2, 20, 21, 22, 23, 24, 25, 26, 27]
template:
  metadata:
    {{- include "headstart.podMetadata" $chart | nindent 4 }}
  spec:
    {{- include "headstart.podSpec" . | nindent 4 }}
{{- end -}}

{{- define "headstart.runSpec" -}}
{{- $limits := dict "backoffLimit" (include "headstart.backoffLimit" .) "jobDeadline" (include "headstart.jobDeadline" .) -}}
{{- $verb := ternary "fleet run" "run" (eq .Values.mode "fleet") -}}
{{- include "headstart.jobSpec" (merge (dict "chart" . "verb" $verb "hold" (include "headstart.held" .)) $limits) -}}
{{- end -}}

{{/* The same with nothing held back: after the rollout. */}}
{{- define "headstart.contractSpec" -}}
{{- $limits := dict "backoffLimit" (include "headstart.backoffLimit" .) "jobDeadline" (include "headstart.jobDeadline" .) -}}
{{- include "headstart.jobSpec" (merge (dict "chart" . "verb" "run") $limits) -}}
{{- end -}}

{{/* What helm test asks, and a rollback. */}}
{{- define "headstart.checkVerb" -}}
{{ ternary "fleet check" "check" (eq .Values.mode "fleet") }}
{{- end -}}

{{/* A Job's template cannot be changed: where it is no hook each release, and each other template, is another
     Job. A hook is deleted before it is made again. */}}
{{- define "headstart.jobName" -}}
{{- $name := include "headstart.fullname" . -}}
{{- if not (include "headstart.isHook" .) -}}
{{- $name = printf "%s-%d-%s" $name (int .Release.Revision) (include "headstart.runSpec" . | sha256sum | trunc 8) -}}
{{- end -}}
{{- $name -}}
{{- end -}}
