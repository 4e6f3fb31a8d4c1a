{{- /* What all pods have alike. */ -}}

{{- define "bailiwick.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "bailiwick.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{- /* (list $ "component") */ -}}
{{- define "bailiwick.pod" -}}
{{- $ := index . 0 -}}
serviceAccountName: {{ include "bailiwick.name" . }}
automountServiceAccountToken: false
enableServiceLinks: false
# Full names are looked up as they are.
dnsConfig: { options: [{ name: ndots, value: "1" }] }
securityContext:
  {{- include "bailiwick.podSecurity" $ | nindent 2 }}
{{- with $.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "bailiwick.spread" -}}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels:
        {{- include "bailiwick.selector" $ | nindent 8 }}
  {{- end }}
{{- end -}}

{{- /* The container that makes a pod's own certificate of the generated authority. (list $ "component" (list "host" …)) */ -}}
{{- define "bailiwick.issuer" -}}
{{- $ := index . 0 -}}
- name: certificate
  image: {{ include "bailiwick.image" (list $ "cli") }}
  imagePullPolicy: {{ $.Values.image.pullPolicy }}
  command: [/bailiwick]
  args:
    - certificate
    - issue
    - --name={{ index . 1 }}
    - --trust-domain={{ $.Values.trustDomain }}
    {{- range index . 2 }}
    - --host={{ . }}
    {{- end }}
    - --authority-certificate=/etc/bailiwick/authority/tls.crt
    - --authority-key=/etc/bailiwick/authority/tls.key
    - --days=825
    - --out=/etc/bailiwick/tls
  resources: { requests: { cpu: 10m, memory: 16Mi }, limits: { memory: 64Mi } }
  securityContext:
    {{- include "bailiwick.containerSecurity" $ | nindent 4 }}
  volumeMounts:
    - { name: tls, mountPath: /etc/bailiwick/tls }
    - { name: authority, mountPath: /etc/bailiwick/authority, readOnly: true }
{{- end -}}

{{- define "bailiwick.certificateVolumes" -}}
{{- $ := index . 0 -}}
{{- if eq $.Values.tls.source "generated" -}}
- { name: tls, emptyDir: { medium: Memory, sizeLimit: 1Mi } }
- { name: authority, secret: { secretName: {{ include "bailiwick.name" (list $ "ca") }}, defaultMode: 0440 } }
{{- else -}}
- { name: tls, secret: { secretName: {{ include "bailiwick.certificateSecret" . }}, defaultMode: 0440 } }
{{- end -}}
{{- end -}}

{{- /* The password of a role, and the authority of the server's certificate. (list $ "role") */ -}}
{{- define "bailiwick.databaseVolume" -}}
{{- $ := index . 0 -}}
- name: database
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ include "bailiwick.passwordsSecret" $ }}
          items: [{ key: {{ index . 1 }}, path: password }]
      {{- if and (eq $.Values.postgres.source "external") $.Values.postgres.external.caSecret }}
      - secret:
          name: {{ $.Values.postgres.external.caSecret }}
          items: [{ key: ca.crt, path: ca.crt }]
      {{- end }}
{{- end -}}

{{- /* (list $ "component" (its values)) */ -}}
{{- define "bailiwick.autoscaler" -}}
{{- $ := index . 0 -}}
{{- $component := index . 1 -}}
{{- $scaling := index . 2 -}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "bailiwick.name" (list $ $component) }}
  labels:
    {{- include "bailiwick.labels" (list $ $component) | nindent 4 }}
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: {{ include "bailiwick.name" (list $ $component) }} }
  minReplicas: {{ int64 $scaling.min }}
  maxReplicas: {{ int64 $scaling.max }}
  metrics:
    - type: Resource
      resource: { name: cpu, target: { type: Utilization, averageUtilization: {{ int64 $scaling.cpuPercent }} } }
{{- end -}}

{{- /* How many processes there are: those that the autoscaler has made so far, if it makes them, since one that is left out is one. (list $ "component" (its values)) */ -}}
{{- define "bailiwick.replicas" -}}
{{- $ := index . 0 -}}
{{- $values := index . 2 -}}
{{- if not $values.autoscaling.enabled -}}
replicas: {{ int64 $values.replicas }}
{{- else -}}
{{- with lookup "apps/v1" "Deployment" $.Release.Namespace (include "bailiwick.name" (list $ (index . 1))) -}}
replicas: {{ int64 .spec.replicas }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "bailiwick.disruption" -}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "bailiwick.name" . }}
  labels:
    {{- include "bailiwick.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "bailiwick.selector" . | nindent 6 }}
{{- end -}}

{{- define "bailiwick.account" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "bailiwick.name" . }}
  labels:
    {{- include "bailiwick.labels" . | nindent 4 }}
automountServiceAccountToken: false
{{- end -}}
